/**
 * The class with the largest logit, the first one of equals.
 *
 * @param logits row-major [n, classCount]
 * @returns [n]; −1 where a sample's outputs are not all finite
 */
export function predictionsOf(logits: Float32Array, classCount: number): Int32Array {
  const predictions = new Int32Array(logits.length / classCount);
  for (let sample = 0; sample < predictions.length; sample++) {
    const outputs = logits.subarray(sample * classCount, (sample + 1) * classCount);
    let best = 0;
    for (let label = 1; label < classCount; label++) {
      if ((outputs[label] as number) > (outputs[best] as number)) best = label;
    }
    predictions[sample] = outputs.every(Number.isFinite) ? best : -1;
  }
  return predictions;
}
