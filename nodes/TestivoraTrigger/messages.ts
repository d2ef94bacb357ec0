/** Every text of this trigger that a user can see as an error, in n8n's log, or in what Testivora is answered. */
export const MESSAGES = {
	// Errors when a workflow is published, or when a person clicks Execute step.
	noEvents: 'Choose at least one event in Trigger On',
	unreachable: (why: string) =>
		`Testivora cannot reach this workflow: the webhook URL ${why}. Set the environment variable WEBHOOK_URL (N8N_WEBHOOK_URL from n8n 2.41 on) to the public https:// address of your n8n, restart n8n and try again; or use Testivora Poll Trigger, which needs no public address.`,
	noWebhookApi: (url: string) =>
		`This Testivora account cannot register webhooks through the API. Set Webhook Setup to Manual, add an endpoint in Testivora under Settings → Webhooks with the URL ${url} and put its signing secret into Webhook Signing Secret in the Testivora credential.`,
	noManualSecret:
		'The credential has no Webhook Signing Secret yet (an API key or a masked secret is none), so every delivery would be refused. In Testivora, open Settings → Webhooks, add an endpoint with the Production URL of this trigger, and put its signing secret (whsec_…) into the Testivora credential. Then publish (activate) the workflow again.',
	noManualSecretForTest:
		'The credential has no Webhook Signing Secret yet (an API key or a masked secret is none), so no event can be taken. In Testivora, open Settings → Webhooks, add an endpoint with the Test URL of this trigger, and put its signing secret (whsec_…) into the Testivora credential. Or set Sample for Execute Step to Latest Testimonial.',
	noSampleNorEvent: (reason: string) =>
		`There is no testimonial to show yet, and the next event cannot be waited for. ${reason}`,
	noDeletionSampleNorEvent: (reason: string) =>
		`A deletion cannot be shown as a sample, and the next event cannot be waited for. ${reason}`,
	sampleUndeliverable: 'This n8n does not reach itself, so a sample cannot be delivered',

	// n8n's log: the endpoint.
	manualSecretMissing:
		'Testivora Trigger: the credential has no Webhook Signing Secret, so every delivery is refused until it has one',
	endpointUnchecked: (reason: string) =>
		`Testivora Trigger: the webhook endpoint could not be checked and is taken as it was (${reason})`,
	secretNotRenewed: (reason: string) =>
		`Testivora Trigger: the webhook endpoint keeps its old signing secret, as the one of today's API key could not be set (${reason}). Deliveries go on. To replace the secret, unpublish (deactivate) the workflow and publish (activate) it again.`,
	serverSecretKept: (reason: string) =>
		`Testivora Trigger: the webhook endpoint keeps the signing secret that Testivora made (${reason})`,
	endpointElsewhere: (id: string, url: string) =>
		`Testivora Trigger: the webhook endpoint ${id} stands at another address, ${url}, and was left alone. If no n8n uses that address any more, delete it in Testivora under Settings → Webhooks`,
	endpointOfOtherAccount: (id: string) =>
		`Testivora Trigger: the webhook endpoint ${id} is not in the Testivora account of this API key. If the credential now belongs to another account, delete the endpoint in the old one under Settings → Webhooks`,
	endpointNotDeleted: (reason: string, url: string) =>
		`Testivora Trigger: the webhook endpoint could not be deleted (${reason}). If Testivora has one with the URL ${url} under Settings → Webhooks, delete it there`,
	endpointNotOurs: (id: string, url: string) =>
		`Testivora Trigger: the webhook endpoint ${id} has the same URL, ${url}, but is not the one that this trigger registered, and was left alone. If you did not add it for the manual set-up, delete it in Testivora under Settings → Webhooks`,
	endpointDisabled: (id: string) =>
		`Testivora Trigger: Testivora does not let webhook endpoints be deleted through the API, so the endpoint ${id} was disabled instead. Delete it in Testivora under Settings → Webhooks`,

	// n8n's log: samples.
	noSample:
		'Testivora Trigger: there is no testimonial to show yet, so Execute step waits for the next event',
	noDeletionSample:
		'Testivora Trigger: a deletion cannot be shown as a sample, so Execute step waits for the next event',
	sampleNotTaken: (reason: string) =>
		`Testivora Trigger: the sample was not taken (${reason}). Click Execute step again.`,

	// n8n's log: deliveries.
	credentialUnreadable: (reason: string) =>
		`Testivora Trigger: the credential could not be read (${reason})`,
	refused: (status: string, answer: string) =>
		`Testivora Trigger: a delivery was refused with ${status}: ${answer}`,
	/** Publishing again sets a secret that can be derived from the API key; an API that masks its own and ignores ours needs Manual. */
	refusedMismatch: (status: string, answer: string) =>
		`Testivora Trigger: a delivery was refused with ${status}: ${answer} If it came from Testivora, unpublish (deactivate) the workflow and publish (activate) it again. If that does not help, set Webhook Setup to Manual.`,

	// Answers to deliveries that do not start the workflow. The log repeats those that refuse one.
	unsigned: 'This delivery is not signed.',
	malformed: 'The signature of this delivery cannot be read.',
	stale: 'This delivery was signed too long ago, or the clocks of sender and receiver differ.',
	mismatch: 'The signature of this delivery does not match.',
	noSecret: 'No signing secret is known for this webhook.',
	notAnEvent: (fault: string) => `This is not a Testivora event: it ${fault}.`,
	unverifiable: 'This delivery cannot be verified right now.',
	unwanted: 'This workflow does not want this event.',
	duplicate: 'This event was received before.',
	accepting: 'This event is being received right now.',
};
