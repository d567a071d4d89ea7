import { developmentIssuerDocuments, loadOrCreateDevelopmentKey } from '@tollgate/identity';
import type { FastifyInstance } from '@tollgate/runtime';

/**
 * Serves the documents of the development issuer, so that its JWTs are verified as those of any issuer are: by discovery
 * and JWKS. Only public keys are served. For `TOLLGATE_DEV=1` alone: whoever reads the data directory can sign.
 */
export async function mountDevelopmentIssuer(fastify: FastifyInstance, dataDir: string, issuer: string): Promise<void> {
  const { configuration, jwks } = developmentIssuerDocuments(await loadOrCreateDevelopmentKey(dataDir), issuer);
  fastify.get('/dev/issuer/.well-known/openid-configuration', () => configuration);
  fastify.get('/dev/issuer/jwks', () => jwks);
}
