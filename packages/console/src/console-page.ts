/** The console's page as it goes over the wire: its files, and the policy that browsers hold it to. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { LetheError } from '@lethe/contracts';

export interface PageFile {
  readonly contentType: string;
  readonly bytes: Uint8Array;
  readonly gzipped: Uint8Array;
}

export interface ConsolePage {
  /** SHA-256 over all files: part of their addresses, so that they may be kept for ever. */
  readonly digest: string;
  readonly html: PageFile;
  /** By path, for example `/assets/3f…/main.js`. */
  readonly files: ReadonlyMap<string, PageFile>;
  /** Value of the header `content-security-policy`. */
  readonly contentSecurityPolicy: string;
}

/** Modules that the page's own import by name: what is served for them. */
const vendored: Readonly<Record<string, string>> = {
  preact: 'preact.mjs',
  'preact/hooks': 'hooks.mjs',
  'preact/jsx-runtime': 'jsx-runtime.mjs',
};

const contentTypes: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** @throws LetheError `precondition` when the page is not built */
export function loadConsolePage(): ConsolePage {
  const built = fileURLToPath(new URL('../dist/page/', import.meta.url));
  const assets = fileURLToPath(new URL('../assets/', import.meta.url));
  if (!existsSync(join(built, 'main.js'))) {
    throw new LetheError('precondition', `the console is not built (${built}). Run: npm run build`);
  }
  const texts = new Map<string, Uint8Array>();
  for (const name of readdirSync(built, { recursive: true, encoding: 'utf8' }).sort()) {
    if (extname(name) === '.js')
      texts.set(name.replaceAll('\\', '/'), readFileSync(join(built, name)));
  }
  for (const name of readdirSync(assets).sort()) texts.set(name, readFileSync(join(assets, name)));
  for (const [specifier, name] of Object.entries(vendored)) {
    const source = readFileSync(fileURLToPath(import.meta.resolve(specifier)), 'utf8');
    // Its source map is not served.
    texts.set(name, Buffer.from(source.replace(/^\/\/# sourceMappingURL=.*$/m, '')));
  }
  const digest = digestOf(texts);
  const folder = `/assets/${digest.slice(0, 16)}`;
  const files = new Map(
    [...texts].map(([name, bytes]) => [`${folder}/${name}`, pageFile(name, bytes)] as const),
  );
  const importMap = JSON.stringify({
    imports: Object.fromEntries(
      Object.entries(vendored).map(([specifier, name]) => [specifier, `${folder}/${name}`]),
    ),
  });
  const html = Buffer.from(htmlOf(folder, importMap, [...files.keys()]));
  return {
    digest,
    html: { contentType: 'text/html; charset=utf-8', bytes: html, gzipped: gzipSync(html) },
    files,
    contentSecurityPolicy: policyOf(importMap),
  };
}

function digestOf(texts: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash('sha256');
  for (const [name, bytes] of texts) hash.update(`${name} ${bytes.length}\n`).update(bytes);
  return hash.digest('hex');
}

function pageFile(name: string, bytes: Uint8Array): PageFile {
  const contentType = contentTypes[extname(name)] ?? 'application/octet-stream';
  return { contentType, bytes, gzipped: gzipSync(bytes, { level: 9 }) };
}

/** Every module is named, so that the browser fetches all of them at once. */
function htmlOf(folder: string, importMap: string, paths: readonly string[]): string {
  const preloads = paths
    .filter((path) => /\.m?js$/.test(path))
    .map((path) => `<link rel="modulepreload" href="${path}">`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Lethe</title>
<link rel="icon" href="${folder}/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${folder}/style.css">
<script type="importmap">${importMap}</script>
${preloads.join('\n')}
<script type="module" src="${folder}/main.js"></script>
</head>
<body>
<div id="app"></div>
<noscript>The console needs JavaScript. The same is shown by the command line: lethe status, lethe rounds, lethe verdict.</noscript>
</body>
</html>
`;
}

/** Nothing from elsewhere, nothing inline but the import map, and no text that becomes script. */
function policyOf(importMap: string): string {
  const hash = createHash('sha256').update(importMap).digest('base64');
  return [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}
