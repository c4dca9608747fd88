import { createRoute } from '@tanstack/react-router'
import { page, search, under } from './routeBase.tsx'

export const domains = [
  createRoute({
    getParentRoute: under,
    path: 'domains',
    validateSearch: search('q', 'verified', 'page'),
    component: page(() => import('./pages/domain/DomainsPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'domains/new',
    component: page(() => import('./pages/domain/NewDomainPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'domains/$id',
    validateSearch: search('tab'),
    component: page(() => import('./pages/domain/DomainPage.tsx')),
  }),
] as const
