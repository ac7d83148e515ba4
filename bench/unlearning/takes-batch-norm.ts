/** Methods of the published procedure, which works on batch norm; the others work on the folded network. */
export function takesBatchNorm(method: string): boolean {
  return ['l2ul', 'adv', 'neggrad'].includes(method);
}
