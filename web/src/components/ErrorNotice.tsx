import type { ReactNode } from 'react'
import type { ApiError } from '../api/ApiError.ts'
import { CopyId } from '../ui/CopyId.tsx'
import { Notice } from '../ui/Notice.tsx'

/** A refusal in the server's words, with what support needs to find it in the logs. */
export function ErrorNotice({
  error,
  title,
  action,
}: {
  error: ApiError
  title?: string
  action?: ReactNode
}) {
  return (
    <Notice tone="danger" title={title} action={action}>
      {/* What is said of fields says it all; the message repeats the first. */}
      {error.errors.length === 0 ? (
        <p>{error.message}</p>
      ) : (
        <ul className="list-disc pl-4">
          {error.errors.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              {path && <span className="font-mono text-[13px]">{path}: </span>}
              {message}
            </li>
          ))}
        </ul>
      )}
      {error.requestId && (
        <p className="flex flex-wrap items-center gap-1.5 text-[13px]">
          Request <CopyId id={error.requestId} what="request id" full tone="inherit" />
        </p>
      )}
    </Notice>
  )
}
