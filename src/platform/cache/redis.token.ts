/** Client for what may be lost: rate limits, leases. Fails at once when Redis is gone, so that its users can fall back. */
export const REDIS = Symbol('REDIS');
