import { useQuery } from '@tanstack/react-query'
import { Download } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { save } from '../../api/http.ts'
import { reverseZonesQuery, type IpPool, type ReverseZones as Zones } from '../../api/provisioning.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { count } from '../../lib/words.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'

type Zone = Zones['items'][number]

const columns: Column<Zone>[] = [
  { header: t`Zone`, render: ({ zone }) => <span className="font-mono text-[13px] break-all">{zone}</span> },
  { header: t`Names`, narrow: true, render: ({ names }) => count(names, t`name`, t`names`) },
  {
    header: t`File`,
    narrow: true,
    align: 'right',
    render: ({ zone, file }) => (
      <Button
        size="sm"
        icon={<Download aria-hidden className="size-4" />}
        aria-label={t`Download the zone file of ${zone}`}
        onClick={() => save(new Blob([file], { type: 'text/dns' }), `${zone.replaceAll('/', '-')}zone`)}
      >
        Download
      </Button>
    ),
  },
]

/** The zone files of the reverse names of a pool's addresses, for the servers that answer for them. */
export function ReverseZones({ pool }: { pool: IpPool }) {
  const query = useQuery(reverseZonesQuery(pool.id))
  return (
    <Card flush title="Reverse zone files">
      <Loaded query={query} what="reverse zones">
        {({ items, refusal }) =>
          refusal !== null ? (
            <p className="p-4 text-muted">{refusal}</p>
          ) : items.length === 0 ? (
            <p className="p-4 text-muted">No address of the pool has a reverse name.</p>
          ) : (
            <DataTable label="Reverse zones" rows={items} rowKey={({ zone }) => zone} columns={columns} />
          )
        }
      </Loaded>
    </Card>
  )
}
