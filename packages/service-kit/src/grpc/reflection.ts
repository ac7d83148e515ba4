import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { descriptorSet } from '@lethe/contracts';

/** Server reflection (v1 and v1alpha) over the descriptors of proto/, showing `services` only. */
export function reflectionOf(services: readonly string[]): ReflectionService {
  const definition = loadFileDescriptorSetFromBuffer(Buffer.from(descriptorSet));
  return new ReflectionService(definition, { services: [...services] });
}
