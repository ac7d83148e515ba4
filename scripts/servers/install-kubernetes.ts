import { installGoPrograms } from './install-go-programs.ts';
import { versionOf } from './recipe.ts';

/**
 * The API server of Kubernetes with its store and clients. `kubernetes/go.mod` replaces the modules
 * that Kubernetes keeps in its own tree by their releases, which are the same sources.
 */
export function installKubernetes(say: (line: string) => void, force: boolean): Promise<void> {
  const version = versionOf('kubernetes');
  const [major, minor] = version.split('.');
  const about = 'k8s.io/component-base/version';
  return installGoPrograms(
    {
      server: 'kubernetes',
      title: 'Kubernetes',
      programs: {
        'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
        kubectl: 'k8s.io/kubernetes/cmd/kubectl',
        etcd: 'go.etcd.io/etcd/server/v3',
        kustomize: 'sigs.k8s.io/kustomize/kustomize/v5',
      },
      sources: '250 MB',
      time: '5 to 8 minutes',
      disk: '5 GB',
      variables: {
        [`${about}.gitVersion`]: `v${version}`,
        [`${about}.gitMajor`]: major!,
        [`${about}.gitMinor`]: minor!,
      },
    },
    say,
    force,
  );
}
