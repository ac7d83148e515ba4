import { useState } from 'preact/hooks';

/** A SHA-256, short, with the whole of it one click away. */
export function Digest({ value, label }: { readonly value: string; readonly label: string }) {
  const [copied, setCopied] = useState(false);
  if (value === '') return <span class="quiet">–</span>;
  const copy = async () => {
    await navigator.clipboard?.writeText(value);
    setCopied(true);
    setTimeout(() => setCopied(false), 1_500);
  };
  return (
    <button type="button" class="digest" title={value} onClick={copy}>
      <span class="visually-hidden">Copy {label} </span>
      <span class="mono">{copied ? 'copied' : value.slice(0, 12)}</span>
    </button>
  );
}
