import { isLoopback, LetheError } from '@lethe/contracts';
import {
  FolderStore,
  MinioStore,
  type ObjectStore,
  parseS3Address,
  type S3Address,
  type S3Secrets,
} from '@lethe/store';
import { ChangingFiles } from './changing-files.ts';
import type { ConfigOf } from './config/config-table.ts';
import { storeSettings } from './config/store-settings.ts';

export type StoreConfig = ConfigOf<typeof storeSettings>;

/**
 * Opens the object store that the settings name. An S3 store is not asked anything yet.
 *
 * @throws LetheError `invalid` for settings that cannot work, or must not
 */
export async function openStore(config: StoreConfig): Promise<ObjectStore> {
  const address = config.store;
  if (address.startsWith('s3:')) return new MinioStore(await s3Options(config));
  if (address.startsWith('folder:') && address.length > 'folder:'.length) {
    return await FolderStore.open(address.slice('folder:'.length));
  }
  const forms = 'Use folder:PATH or s3:https://HOST:PORT/BUCKET.';
  throw LetheError.invalid('store', address, 'names no object store', forms);
}

/** The settings of an S3 store, checked; its keys are read from their files as they change. */
export async function s3Options(
  config: StoreConfig,
): Promise<ConstructorParameters<typeof MinioStore>[0]> {
  const address = parseS3Address(config.store);
  checkTransport(address, config);
  const files = [keyFile(config, 'storeAccessKeyFile'), keyFile(config, 'storeSecretKeyFile')];
  if (config.storeCaFile !== '') files.push(config.storeCaFile);
  const { storeAccessKeyFile, storeSecretKeyFile, storeCaFile } = storeSettings;
  const settings = [storeAccessKeyFile, storeSecretKeyFile, storeCaFile].map(({ env }) => env);
  const secrets = await ChangingFiles.read(files, toSecrets, settings);
  return {
    ...address,
    region: config.storeRegion,
    timeoutMs: config.storeTimeoutMs,
    secrets: () => secrets.current(),
  };
}

function toSecrets(accessKey = '', secretKey = '', ca?: string): S3Secrets {
  const keys = { accessKey: accessKey.trim(), secretKey: secretKey.trim() };
  if (keys.accessKey === '' || keys.secretKey === '') {
    throw LetheError.invalid('store keys', '', 'are empty', 'Put the key into the file.');
  }
  return { ...keys, ca };
}

function checkTransport({ tls, host }: S3Address, config: StoreConfig): void {
  if (tls || isLoopback(host) || config.storeAllowInsecure) return;
  throw LetheError.invalid(
    'store',
    config.store,
    'is on another machine, without TLS',
    `Use https; or set ${storeSettings.storeAllowInsecure.env} where the network is trusted.`,
  );
}

function keyFile(config: StoreConfig, name: 'storeAccessKeyFile' | 'storeSecretKeyFile'): string {
  if (config[name] !== '') return config[name];
  const { env, flag, help } = storeSettings[name];
  throw LetheError.invalid(env, '', 'is required by an S3 store', `Set --${flag}: ${help}`);
}
