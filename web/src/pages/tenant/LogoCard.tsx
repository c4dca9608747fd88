import { useQuery } from '@tanstack/react-query'
import { useRef } from 'react'
import { t } from '../../../../shared/text.ts'
import { useSubmit } from '../../api/submit.ts'
import { logoQuery, removeLogo, uploadLogo, type LogoView } from '../../api/tenants.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, permits, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { toast } from '../../ui/Toast.tsx'

const MAX_BYTES = 200_000

const failed = (error: Error) => toast.failed(t`The logo was not changed`, error.message)

/** The logo of a tenant as both themes show it; upload and removal. */
export function LogoCard({ tenantId }: { tenantId: string }) {
  const { me } = useSession()
  const query = useQuery(logoQuery(tenantId))
  const file = useRef<HTMLInputElement>(null)
  const reason = permits(me, 'tenants:settings', tenantId) ? undefined : NO_PERMISSION('tenants:settings')
  const upload = useSubmit({
    send: (data: string, key) => uploadLogo(tenantId, data, key),
    onDone: () => toast.done(t`Logo saved`),
  })
  const removal = useSubmit<null, unknown>({
    send: () => removeLogo(tenantId),
    onDone: () => toast.done(t`Logo removed`),
  })
  const take = async (chosen: File | undefined) => {
    if (!chosen) return
    if (chosen.size > MAX_BYTES) {
      toast.failed(t`The logo was not changed`, t`The file is larger than 200 kB.`)
      return
    }
    upload.mutate(await base64Of(chosen), { onError: failed })
  }
  return (
    <Card
      title="Logo"
      actions={
        <>
          <Button
            size="sm"
            disabledReason={reason}
            loading={upload.isPending}
            onClick={() => file.current?.click()}
          >
            Choose a picture
          </Button>
          <Button
            size="sm"
            variant="ghost"
            loading={removal.isPending}
            disabledReason={reason ?? (query.data?.logo ? undefined : t`There is no logo.`)}
            onClick={() => removal.mutate(null, { onError: failed })}
          >
            Remove
          </Button>
        </>
      }
    >
      <input
        ref={file}
        type="file"
        accept="image/png,image/jpeg,image/webp"
        aria-label="Logo file"
        className="sr-only"
        tabIndex={-1}
        onChange={({ target }) => {
          void take(target.files?.[0])
          target.value = ''
        }}
      />
      <Loaded query={query} what="logo">
        {({ logo }) => <Preview logo={logo} />}
      </Loaded>
      <p className="mt-3 text-[13px] text-muted">
        PNG, JPEG or WebP, at most 200 kB and 2000 × 2000 pixels. The pages of the tenant’s users and its
        mails show it.
      </p>
    </Card>
  )
}

function Preview({ logo }: { logo: LogoView['logo'] }) {
  if (!logo) return <p className="text-muted">The tenant has no logo.</p>
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      <figure className="flex h-24 items-center justify-center rounded-md border border-line bg-white p-4">
        <img
          src={logo.url}
          alt="The logo in the light theme"
          className="max-h-16 max-w-full object-contain"
        />
      </figure>
      <figure className="flex h-24 items-center justify-center rounded-md border border-line bg-[#13181f] p-4">
        <img src={logo.url} alt="The logo in the dark theme" className="max-h-16 max-w-full object-contain" />
      </figure>
    </div>
  )
}

async function base64Of(file: File): Promise<string> {
  let binary = ''
  for (const byte of new Uint8Array(await file.arrayBuffer())) binary += String.fromCharCode(byte)
  return btoa(binary)
}
