import type { ReactNode } from 'react'
import { t } from '../../../shared/text.ts'
import type { ApiError } from '../api/ApiError.ts'
import { CopyId } from '../ui/CopyId.tsx'
import { inputWords } from '../lib/inputWords.ts'
import { Notice } from '../ui/Notice.tsx'

const CORRECT = t`Something typed here cannot be taken. Correct it, and send it again.`

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
      {/* Otherwise its message is that of the first field. */}
      <p>{error.code === 'invalid_input' && error.errors.length > 0 ? CORRECT : error.message}</p>
      {errors.length > 0 && (
        <ul className="list-disc pl-4">
          {errors.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              {path && <span className="font-mono text-[13px]">{path}: </span>}
              {inputWords(message)}
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
