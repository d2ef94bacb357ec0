import { ensureN8n } from './host.mts';
import { endProgress, showProgress } from './progress.mts';
import { packPackage } from './tarball.mts';

/** Jest calls this once before the end-to-end projects: n8n is installed and the package packed when the first test starts. */
export default async function globalSetup(): Promise<void> {
	await ensureN8n(showProgress());
	endProgress();
	await packPackage();
}
