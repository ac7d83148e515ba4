/** A component of a CycloneDX bill of materials. */
export interface Component {
  readonly type: 'library';
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly 'bom-ref': string;
  readonly hashes?: readonly { readonly alg: 'SHA-256' | 'SHA-512'; readonly content: string }[];
}

/** What of a package-lock.json (version 3) says which packages are installed without `dev`. */
export interface LockFile {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly version?: string;
        readonly integrity?: string;
        readonly dev?: boolean;
        readonly devOptional?: boolean;
        readonly optional?: boolean;
        readonly link?: boolean;
      }
    >
  >;
}

/**
 * The components of npm's bill as the lock file has them: `npm sbom --omit=dev` leaves packages out
 * that both the programs and the tools need, and names some that only the tools need.
 */
export function completeBill(components: readonly Component[], lock: LockFile): Component[] {
  const own = components.filter(({ purl }) => !isForeign(purl, lock));
  const foreign = new Map(
    components
      .filter(({ purl }) => isForeign(purl, lock))
      .map((component) => [`${component.name}@${component.version}`, component]),
  );
  const wanted = new Map<string, Component>();
  for (const [path, entry] of Object.entries(lock.packages)) {
    const name = path.split('node_modules/').at(-1) ?? '';
    const { version, integrity } = entry;
    const isTool = entry.dev || entry.devOptional || entry.optional || entry.link;
    if (!path.includes('node_modules/') || isTool || version === undefined) continue;
    const known = foreign.get(`${name}@${version}`);
    wanted.set(`${name}@${version}`, known ?? componentOf(name, version, integrity));
  }
  return [...own, ...[...wanted.keys()].sort().map((key) => wanted.get(key)!)];
}

/** Packages of this checkout are in the lock file by their folder. */
function isForeign(purl: string, { packages }: LockFile): boolean {
  const name = decodeURIComponent(purl.replace(/^pkg:npm\//, '').replace(/(?<=.)@[^@]*$/, ''));
  return packages[`node_modules/${name}`]?.link !== true;
}

function componentOf(name: string, version: string, integrity = ''): Component {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const [, sha512] = /^sha512-(.+)$/.exec(integrity) ?? [];
  const content = sha512 && Buffer.from(sha512, 'base64').toString('hex');
  return {
    type: 'library',
    name,
    version,
    purl,
    'bom-ref': `${name}@${version}`,
    ...(content ? { hashes: [{ alg: 'SHA-512', content }] } : {}),
  };
}
