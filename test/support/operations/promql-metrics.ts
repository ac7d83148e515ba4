/** What a PromQL expression asks of the exporters. */
export interface UsedMetric {
  readonly name: string;
  /** Labels that it is matched by. */
  readonly matched: readonly string[];
}

export interface PromqlUse {
  readonly metrics: readonly UsedMetric[];
  /** Labels by which anything is grouped or joined. */
  readonly grouped: readonly string[];
}

const words = new Set(['and', 'or', 'unless', 'offset', 'bool', 'ignoring', 'by', 'on', 'without']);

/**
 * Names and labels in an expression, found by its tokens: enough for rules and panels, which a real
 * Prometheus parses in the tests beside this.
 */
export function usedMetrics(expression: string): PromqlUse {
  const withoutStrings = expression.replace(/"[^"]*"|'[^']*'/g, '""').replace(/\[[^\]]*\]/g, '');
  const grouped: string[] = [];
  const rest = withoutStrings.replace(
    /\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)/g,
    (_, labels: string) => {
      grouped.push(...namesIn(labels));
      return ' ';
    },
  );
  const metrics: UsedMetric[] = [];
  for (const [, name = '', braces = '', call] of rest.matchAll(
    /(?<![\w:.$])([a-zA-Z_:][\w:]*)\s*(\{[^}]*\})?\s*(\()?/g,
  )) {
    if (call !== undefined || words.has(name)) continue;
    metrics.push({ name, matched: namesIn(braces.replace(/[!=~]+""/g, ' ')) });
  }
  return { metrics, grouped };
}

function namesIn(text: string): string[] {
  return text.match(/[a-zA-Z_]\w*/g) ?? [];
}
