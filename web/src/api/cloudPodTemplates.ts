import { queryOptions } from '@tanstack/react-query'
import type { CloudPodTemplatePreview } from '../../../shared/api/cloudPodTemplates.ts'
import { get, post, remove } from './http.ts'
import type { Blueprint, Job } from './provisioning.ts'

export type { CloudPodTemplatePreview }
export type TemplateAccepted = { blueprint: Blueprint; job: Job }

const pathOf = (podId: string) => `/api/admin/hosting/cloudpods/${podId}/template`

/** Whether a blueprint can be made of a pod now. */
export const templatePreviewQuery = (podId: string) =>
  queryOptions({
    queryKey: ['cloudPods', 'template', podId] as const,
    queryFn: ({ signal }) => get<CloudPodTemplatePreview>(pathOf(podId), undefined, signal),
  })

export const makeBlueprint = (podId: string, body: { name: string }, key: string) =>
  post<TemplateAccepted>(pathOf(podId), body, key)

/** Removes a blueprint that was made of a pod, with its template. */
export const removeTemplate = ({ id }: Pick<Blueprint, 'id'>) =>
  remove<TemplateAccepted>(`/api/admin/provisioning/blueprints/${id}/template`)
