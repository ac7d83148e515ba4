/** Makes stand-ins for the training data out of the forget set alone. */
export interface Surrogates {
  /**
   * Fills `into` with fresh stand-ins, values as read.
   *
   * @param into row-major [n, …sampleShape]
   */
  fill(into: Float32Array): void;
}
