import { ensureN8n } from './host.mts';
import { endProgress, showProgress } from './progress.mts';
import { packPackage } from './tarball.mts';

/**
 * Jest calls this before the workers start, once for each end-to-end project: installs n8n and packs the package, the first time only.
 * Workers find the tarball through the environment.
 */
export default async function globalSetup(): Promise<void> {
	await ensureN8n(showProgress());
	endProgress();
	await packPackage();
}
