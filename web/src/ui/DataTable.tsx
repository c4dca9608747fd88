import { clsx } from 'clsx'
import type { ReactNode } from 'react'
import { Sideways } from './Sideways.tsx'

export type Column<Row> = {
  header: string
  render: (row: Row) => ReactNode
  /** The smallest screen that still shows it; absent: always. */
  from?: 'sm' | 'md' | 'lg' | 'xl'
  align?: 'right'
  /** Takes no more room than it needs. */
  narrow?: boolean
}

const FROM = {
  sm: 'hidden sm:table-cell',
  md: 'hidden md:table-cell',
  lg: 'hidden lg:table-cell',
  xl: 'hidden xl:table-cell',
}

const cellClass = <Row,>(column: Column<Row>) =>
  clsx(
    'px-3 first:pl-4 last:pr-4',
    column.from && FROM[column.from],
    column.align === 'right' && 'text-right tabular-nums',
    column.narrow && 'w-px whitespace-nowrap',
  )

/** The table of every list. The server sorts, filters and pages; columns give way on small screens. */
export function DataTable<Row>({
  label,
  columns,
  rows,
  rowKey,
}: {
  label: string
  columns: Column<Row>[]
  rows: Row[]
  rowKey: (row: Row) => string
}) {
  return (
    <Sideways>
      <table className="w-full border-collapse">
        <caption className="sr-only">{label}</caption>
        <thead>
          <tr className="border-b border-line">
            {columns.map((column) => (
              <th
                key={column.header}
                scope="col"
                className={clsx(cellClass(column), 'py-2 text-left text-[13px] font-medium text-muted')}
              >
                {column.header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)} className="border-b border-line last:border-0 hover:bg-raised/50">
              {columns.map((column) => (
                <td key={column.header} className={clsx(cellClass(column), 'py-2.5 align-middle')}>
                  {column.render(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Sideways>
  )
}
