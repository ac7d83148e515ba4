import { busSettings } from '@lethe/service-kit/config';
import type { Command } from 'commander';
import type { AddAction } from './add-action.ts';
import { addConfigOptions } from './config-options.ts';

/** Commands about the topics of a Kafka cluster. */
export function addTopicsCommands(program: Command, action: AddAction): void {
  const topics = program.command('topics').summary('the topics of a Kafka cluster');
  const apply = topics
    .command('apply')
    .summary('create the topics that Lethe needs, and report what differs')
    .description(
      'Creates missing topics on the Kafka cluster of --bus, with explicit partitions, replicas, retention and min.insync.replicas, and reports every setting of an existing one that differs. Never alters or deletes anything, so it may be run again and again. Exit code 6: something differs (with --check also: is missing).',
    )
    .option('--check', 'create nothing, only report')
    .action(action(() => import('../commands/topics-apply.ts')));
  addConfigOptions(apply, busSettings);
}
