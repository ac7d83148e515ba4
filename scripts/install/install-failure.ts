/** Why the native backend cannot be installed, and what to do about it. */
export class InstallFailure extends Error {
  override readonly name = 'InstallFailure';
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}
