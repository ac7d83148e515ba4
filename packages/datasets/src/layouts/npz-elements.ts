/** Types of array elements that are read, by their NumPy name. */
export interface ElementType {
  readonly bytes: number;
  readonly isInteger: boolean;
  /** Factor from stored to read values where nothing else is asked for. */
  readonly scale: number;
  /** `offset` in bytes. */
  read(view: DataView, offset: number): number;
}

const whole = (bytes: number, read: ElementType['read'], scale = 1): ElementType => ({
  bytes,
  isInteger: true,
  scale,
  read,
});
const real = (bytes: number, read: ElementType['read']): ElementType => ({
  bytes,
  isInteger: false,
  scale: 1,
  read,
});

export const elementTypes: ReadonlyMap<string, ElementType> = new Map([
  ['|u1', whole(1, (view, offset) => view.getUint8(offset), 1 / 255)],
  ['<i4', whole(4, (view, offset) => view.getInt32(offset, true))],
  ['<i8', whole(8, (view, offset) => Number(view.getBigInt64(offset, true)))],
  ['<f4', real(4, (view, offset) => view.getFloat32(offset, true))],
  ['<f8', real(8, (view, offset) => view.getFloat64(offset, true))],
]);
