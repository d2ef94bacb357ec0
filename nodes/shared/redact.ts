/**
 * Masks API keys and signing secrets in a text that came from outside.
 *
 * @param secrets values of the credential, whatever their form; also masked where JSON or a URL has escaped them
 */
export function redact(text: string, secrets: string[] = []): string {
	const forms = secrets.flatMap((secret) => [
		secret,
		JSON.stringify(secret).slice(1, -1),
		encodeURIComponent(secret),
	]);
	// The longest first: where one secret begins with another, masking the shorter one first would leave the rest of the longer one.
	return forms
		.sort((one, other) => other.length - one.length)
		.reduce((masked, form) => masked.replaceAll(form, '…'), text)
		.replace(/tv_live_[\w-]+/g, 'tv_live_…')
		.replace(/whsec_[\w+/=%-]+/g, 'whsec_…');
}
