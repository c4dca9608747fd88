import { t } from '../../../../shared/text.ts'
import type { SecurityRule } from '../../api/cloudPodFirewall.ts'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { word } from './RuleFields.tsx'

type Row = SecurityRule & { at: number }

/** What a rule does with which packets: `Accept incoming TCP 22,80`. */
const SAYS = {
  accept: {
    in: (packets: string) => t`Accept incoming ${packets}`,
    out: (packets: string) => t`Accept outgoing ${packets}`,
  },
  drop: {
    in: (packets: string) => t`Drop incoming ${packets}`,
    out: (packets: string) => t`Drop outgoing ${packets}`,
  },
  reject: {
    in: (packets: string) => t`Reject incoming ${packets}`,
    out: (packets: string) => t`Reject outgoing ${packets}`,
  },
} as const
const packetsOf = ({ protocol, ports }: SecurityRule): string =>
  [protocol === 'any' ? null : word(protocol), ports].filter(Boolean).join(' ')

const COLUMNS: Column<Row>[] = [
  {
    header: t`Rule`,
    render: (rule) => (
      <span className="break-words">
        {SAYS[rule.action][rule.direction](packetsOf(rule))}
        {rule.comment && <span className="block text-[13px] text-muted">{rule.comment}</span>}
      </span>
    ),
  },
  {
    header: t`Source`,
    from: 'sm',
    render: ({ source }) => <span className="break-all">{source ?? t`anywhere`}</span>,
  },
  {
    header: t`Destination`,
    from: 'sm',
    render: ({ destination }) => <span className="break-all">{destination ?? t`anywhere`}</span>,
  },
]

/** Rules in words, in the order in which they count. */
export const Rules = ({ rules }: { rules: readonly SecurityRule[] }) =>
  rules.length === 0 ? (
    <p className="p-4 text-muted">It has no rules: nothing comes in.</p>
  ) : (
    <DataTable
      label="Rules"
      columns={COLUMNS}
      rows={rules.map((rule, at) => ({ ...rule, at }))}
      rowKey={({ at }) => String(at)}
    />
  )
