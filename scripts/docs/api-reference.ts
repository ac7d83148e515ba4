/** docs/api.md: services, messages and enums, from the compiled contract and its comments. */
import { fromBinary } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  type FileDescriptorProto,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { descriptorSet } from '@lethe/contracts';
import { rolesThatMayCall } from '@lethe/service-kit';

/** Numbers of the fields of descriptor.proto that lead to a comment. */
const at = { message: 4, enum: 5, service: 6, field: 2, value: 2, method: 2, nested: 3 } as const;

export function apiReference(): string {
  const { file } = fromBinary(FileDescriptorSetSchema, descriptorSet);
  const files = file.filter((each) => each.package === 'lethe.v1');
  const services = files.flatMap(serviceSections);
  const messages = files.flatMap((each) => messageSections(each)).sort(byTitle);
  const enums = files.flatMap(enumSections).sort(byTitle);
  return [
    '# API',
    '',
    'Made from `proto/lethe/v1` by `npm run generate:docs`. gRPC; reflection and health are on, so that `grpcurl` needs no files. Intake also speaks HTTP (`docs/emitters.md`). Who may call what: `docs/security.md`.',
    '',
    'Errors have a gRPC status, a sentence, and for wrong input `google.rpc.BadRequest` details that name each field. `UNAVAILABLE` may be tried again; a request to intake keeps its id and is taken once.',
    '',
    '## Services',
    '',
    ...services.map(({ text }) => text),
    '## Messages',
    '',
    ...messages.map(({ text }) => text),
    '## Enums',
    '',
    ...enums.map(({ text }) => text),
  ]
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trimEnd()
    .concat('\n');
}

interface Section {
  readonly title: string;
  readonly text: string;
}

function serviceSections(file: FileDescriptorProto): Section[] {
  const comments = commentsOf(file);
  return file.service.map((service, index) => {
    const rows = service.method.map((method, place) => {
      const answer = `${method.serverStreaming ? 'stream of ' : ''}${link(method.outputType)}`;
      const rpc = `${method.name[0]?.toLowerCase()}${method.name.slice(1)}`;
      const roles = rolesThatMayCall(`${file.package}.${service.name}`, rpc);
      return row([
        `\`${method.name}\``,
        link(method.inputType),
        answer,
        roles.join(', '),
        comments([at.service, index, at.method, place]),
      ]);
    });
    return section(3, service.name, [
      comments([at.service, index]),
      '',
      row(['method', 'request', 'answer', 'roles', 'meaning']),
      '|---|---|---|---|---|',
      ...rows,
    ]);
  });
}

function messageSections(file: FileDescriptorProto): Section[] {
  const comments = commentsOf(file);
  const sections: Section[] = [];
  const add = (message: DescriptorProto, path: number[], prefix: string) => {
    if (message.options?.mapEntry) return;
    const name = `${prefix}${message.name}`;
    const rows = message.field.map((field, place) =>
      row([
        `\`${field.name}\``,
        String(field.number),
        typeOf(field, message),
        `${oneofOf(field, message)}${comments([...path, at.field, place])}`,
      ]),
    );
    const table =
      rows.length === 0
        ? ['Empty.']
        : [row(['field', 'no.', 'type', 'meaning']), '|---|---|---|---|', ...rows];
    sections.push(section(3, name, [comments(path), '', ...table]));
    for (const [place, nested] of message.nestedType.entries()) {
      add(nested, [...path, at.nested, place], `${name}.`);
    }
  };
  for (const [index, message] of file.messageType.entries()) add(message, [at.message, index], '');
  return sections;
}

function enumSections(file: FileDescriptorProto): Section[] {
  const comments = commentsOf(file);
  return file.enumType.map((each, index) =>
    section(3, each.name, [
      comments([at.enum, index]),
      '',
      row(['value', 'no.', 'meaning']),
      '|---|---|---|',
      ...each.value.map((value, place) =>
        row([
          `\`${value.name}\``,
          String(value.number),
          comments([at.enum, index, at.value, place]),
        ]),
      ),
    ]),
  );
}

/** Leading comments by the path of what they stand before (descriptor.proto, SourceCodeInfo). */
function commentsOf(file: FileDescriptorProto): (path: readonly number[]) => string {
  const found = new Map(
    (file.sourceCodeInfo?.location ?? []).map(({ path, leadingComments }) => [
      path.join(),
      leadingComments.trim().replaceAll(/\s*\n\s*/g, ' '),
    ]),
  );
  return (path) => found.get(path.join()) ?? '';
}

function typeOf(field: FieldDescriptorProto, message: DescriptorProto): string {
  const entry = message.nestedType.find(
    ({ name, options }) => options?.mapEntry && field.typeName.endsWith(`.${name}`),
  );
  if (entry !== undefined) {
    const [key, value] = entry.field;
    return `map of ${key ? plainType(key) : ''} to ${value ? plainType(value) : ''}`;
  }
  const many = field.label === FieldDescriptorProto_Label.REPEATED ? 'list of ' : '';
  return `${many}${plainType(field)}${field.proto3Optional ? ', optional' : ''}`;
}

function plainType({ type, typeName }: FieldDescriptorProto): string {
  const isNamed =
    type === FieldDescriptorProto_Type.MESSAGE || type === FieldDescriptorProto_Type.ENUM;
  return isNamed ? link(typeName) : FieldDescriptorProto_Type[type].toLowerCase();
}

function oneofOf(field: FieldDescriptorProto, message: DescriptorProto): string {
  const isPart =
    field.oneofIndex !== undefined && !field.proto3Optional && hasOneof(field, message);
  return isPart ? `One of \`${message.oneofDecl[field.oneofIndex]?.name}\`. ` : '';
}

/** `oneofIndex` is 0 where it is not set: the field itself must say so. */
function hasOneof(field: FieldDescriptorProto, message: DescriptorProto): boolean {
  return message.oneofDecl.length > 0 && Object.hasOwn(field, 'oneofIndex');
}

function link(typeName: string): string {
  const name = typeName.replace(/^\./, '');
  if (!name.startsWith('lethe.v1.')) return `\`${name}\``;
  const own = name.slice('lethe.v1.'.length);
  return `[${own}](#${own.toLowerCase().replaceAll('.', '')})`;
}

function section(depth: number, title: string, lines: readonly string[]): Section {
  return { title, text: `${'#'.repeat(depth)} ${title}\n\n${lines.join('\n').trim()}\n` };
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function byTitle(a: Section, b: Section): number {
  return a.title < b.title ? -1 : 1;
}
