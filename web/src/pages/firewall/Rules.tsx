import { t } from '../../../../shared/text.ts'
import type { SecurityRule } from '../../api/cloudPodFirewall.ts'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { word } from './RuleFields.tsx'

type Row = SecurityRule & { at: number }

const COLUMNS: Column<Row>[] = [
  {
    header: t`Rule`,
    render: ({ direction, action, protocol, ports, comment }) => (
      <span className="break-words">
        {word(action)} {direction === 'in' ? 'incoming' : 'outgoing'}{' '}
        {protocol === 'any' ? '' : word(protocol)} {ports}
        {comment && <span className="block text-[13px] text-muted">{comment}</span>}
      </span>
    ),
  },
  {
    header: t`From`,
    from: 'sm',
    render: ({ source }) => <span className="break-all">{source ?? 'anywhere'}</span>,
  },
  {
    header: t`To`,
    from: 'sm',
    render: ({ destination }) => <span className="break-all">{destination ?? 'anywhere'}</span>,
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
