import type { Permission } from '../../../shared/permissions.ts'
import { t } from '../../../shared/text.ts'
import { humanize } from './words.ts'

export type PermissionGroup = { resource: string; label: string; permissions: Permission[] }

const LABELS: Record<string, string> = {
  apikeys: t`API keys`,
  cloudpods: t`CloudPods`,
  mails: t`Mail`,
  sso: t`Single sign-on`,
}

/** Permissions by what they are about, in the order of the list. */
export function byResource(permissions: readonly Permission[]): PermissionGroup[] {
  const groups = new Map<string, Permission[]>()
  for (const permission of permissions) {
    const resource = permission.split(':')[0] ?? permission
    groups.set(resource, [...(groups.get(resource) ?? []), permission])
  }
  return [...groups].map(([resource, members]) => ({
    resource,
    label: LABELS[resource] ?? humanize(resource),
    permissions: members,
  }))
}

/** `cloudpods:read` → `read`. */
export const actionOf = (permission: Permission): string => permission.split(':')[1] ?? permission
