import type { Route } from '../route.ts';
import { EXPRESSION_ROUTES } from './expression.ts';
import { FEATURE_ROUTES } from './features.ts';
import { HEALTH_ROUTES } from './health.ts';
import { landingRoutes } from './landing.ts';
import { MAP_ROUTES } from './maps.ts';
import { PIXEL_ROUTES } from './pixel.ts';
import { PLACE_ROUTES } from './places.ts';
import { PRODUCT_ROUTES } from './products.ts';
import { VECTOR_TILE_ROUTES } from './vector-tiles.ts';

/** Every address of the API. */
export const ROUTES: readonly Route[] = [
  ...landingRoutes(() => ROUTES),
  ...PRODUCT_ROUTES,
  ...PLACE_ROUTES,
  ...PIXEL_ROUTES,
  ...MAP_ROUTES,
  ...EXPRESSION_ROUTES,
  ...FEATURE_ROUTES,
  ...VECTOR_TILE_ROUTES,
  ...HEALTH_ROUTES,
];
