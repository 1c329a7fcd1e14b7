// Prometheus's own grammar. In: an expression. Out: the series that it selects, each with its matchers.
import { parser } from '@prometheus-io/lezer-promql'

export interface Selector {
  readonly metric: string
  /** Label to what it is held against, operator and quotes left out. */
  readonly labels: ReadonlyMap<string, string>
}

/** @throws Error with the place where the expression is none. */
export function selectorsOf(expression: string): readonly Selector[] {
  const found: { metric: string; labels: Map<string, string> }[] = []
  const text = (node: { readonly from: number; readonly to: number }) => expression.slice(node.from, node.to)
  let label = ''
  parser.parse(expression).iterate({
    enter: (node) => {
      if (node.type.isError) throw new Error(`no PromQL at ${node.from}: ${expression}`)
      const selector = found.at(-1)
      if (node.name === 'VectorSelector') found.push({ metric: '', labels: new Map() })
      else if (selector === undefined) return
      else if (node.name === 'Identifier') selector.metric = text(node)
      else if (node.name === 'LabelName') label = text(node)
      else if (node.name === 'StringLiteral' && node.node.parent?.name === 'UnquotedLabelMatcher')
        selector.labels.set(label, JSON.parse(text(node)) as string)
    },
  })
  return found
}
