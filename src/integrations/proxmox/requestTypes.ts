import type { GuestRef } from './types.ts'

export type CloneRequest = {
  node: string
  templateVmid: number
  newVmid: number
  name: string
  /** Our marker; written by the clone itself. */
  description: string
  /** Other node of the same cluster; needs shared storage. */
  target?: string
  /** Target storage; a full clone is made when it is given. */
  storage?: string
}

export type CreateContainerRequest = {
  node: string
  vmid: number
  hostname: string
  description: string
  /** `local:vztmpl/debian-12….tar.zst` */
  ostemplate: string
  storage: string
  diskGb: number
  cores: number
  memoryMb: number
  net0: string
  tags: string[]
  password?: string
  sshKeys?: string
}

/** `online`: a running VM stays up, a running container is restarted. `storage`: where its local disks go on the target. */
export type MigrationRequest = { target: string; online: boolean; storage?: string; shutdownSeconds: number }

export type RestoreRequest = GuestRef & {
  volid: string
  /** Where its disks go. */
  storage: string
  /** Over the guest that has this VMID, which is lost; else the VMID must be free. */
  overwrite: boolean
  name: string
  description: string
  net0: string
}
