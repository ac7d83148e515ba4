import { useEffect, useState } from 'preact/hooks';

/** Whether the window is as narrow as a phone's, now and after it was turned. */
export function useNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(() => narrow.matches);
  useEffect(() => {
    const look = () => setNarrow(narrow.matches);
    narrow.addEventListener('change', look);
    return () => narrow.removeEventListener('change', look);
  }, []);
  return isNarrow;
}

const narrow = matchMedia('(max-width: 40rem)');
