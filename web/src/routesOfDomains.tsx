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
    path: 'domains/search',
    validateSearch: search('words'),
    component: page(() => import('./pages/domain/DomainSearchPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'domains/order',
    validateSearch: search('name', 'transfer'),
    component: page(() => import('./pages/domain/OrderDomainPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'registrars',
    validateSearch: search('page'),
    component: page(() => import('./pages/domain/RegistrarsPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'registrars/new',
    component: page(() => import('./pages/domain/NewRegistrarPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'registrars/$id',
    component: page(() => import('./pages/domain/RegistrarPage.tsx')),
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
