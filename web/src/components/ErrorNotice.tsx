import { t } from '../../../shared/text.ts'
import type { ReactNode } from 'react'
import type { ApiError } from '../api/ApiError.ts'
import { CopyId } from '../ui/CopyId.tsx'
import { Notice } from '../ui/Notice.tsx'

/** A refusal in the server's words, with what support needs to find it in the logs. */
export function ErrorNotice({
  error,
  errors = error.errors,
  title,
  action,
}: {
  error: ApiError
  /** Those of its errors that are said here. */
  errors?: ApiError['errors']
  title?: string
  action?: ReactNode
}) {
  return (
    <Notice tone="danger" title={title} action={action}>
      {/* In the server's words the fields have its names. */}
      <p>{errors.length === 0 && error.errors.length > 0 ? t`See the marked fields.` : error.message}</p>
      {errors.length > 0 && (
        <ul className="list-disc pl-4">
          {errors.map(({ path, message }) => (
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
