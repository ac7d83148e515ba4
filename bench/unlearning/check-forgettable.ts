import { LetheError } from '@lethe/contracts';

/** @throws LetheError `invalid` where more images are to be forgotten than there are for it */
export function checkForgettable(images: number, most: number): void {
  if (images <= most) return;
  throw LetheError.invalid(
    'images',
    images,
    `are more than the ${most} that can be forgotten`,
    'Ask for fewer rounds, or smaller ones.',
  );
}
