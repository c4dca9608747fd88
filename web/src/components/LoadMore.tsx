import { Button } from '../ui/Button.tsx'

/** The way to the next page of a list that grows; nothing when all of it is shown. */
export function LoadMore({
  query: { hasNextPage, isFetchingNextPage, fetchNextPage },
  what,
}: {
  query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => Promise<unknown> }
  /** In the plural: "contacts". */
  what: string
}) {
  if (!hasNextPage) return null
  return (
    <div className="border-t border-line p-3 text-center">
      <Button size="sm" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
        Load more {what}
      </Button>
    </div>
  )
}
