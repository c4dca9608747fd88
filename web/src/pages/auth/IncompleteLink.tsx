import { Notice } from '../../ui/Notice.tsx'

/** The address without what the mail's link carries. */
export function IncompleteLink() {
  return (
    <Notice tone="warning" title="The link is not complete">
      Open it from the mail again, as a whole.
    </Notice>
  )
}
