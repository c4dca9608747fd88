import { Download } from 'lucide-react'
import { t } from '../../../shared/text.ts'
import { downloadCsv } from '../api/http.ts'
import type { ListFilter } from '../api/lists.ts'
import { useSubmit } from '../api/submit.ts'
import { Button } from '../ui/Button.tsx'
import { toast } from '../ui/Toast.tsx'

/** Saves the whole list, with the filters that are set, as a file for spreadsheets. `of` is the list's query. */
export function CsvButton({
  of: { meta, queryKey },
}: {
  of: { meta?: Record<string, unknown> | undefined; queryKey: readonly [string, 'list', ListFilter] }
}) {
  const [name, , { cursor: _shown, limit: _page, ...filter }] = queryKey
  const saving = useSubmit({
    send: () => downloadCsv(String(meta?.['path']), name, filter as Record<string, string | undefined>),
    sessionOnly: true,
  })
  return (
    <Button
      icon={<Download aria-hidden className="size-4" />}
      loading={saving.isPending}
      className="sm:ml-auto"
      onClick={() =>
        saving.mutate(undefined, {
          onError: (error) => toast.failed(t`The list was not saved`, error.message),
        })
      }
    >
      CSV
    </Button>
  )
}
