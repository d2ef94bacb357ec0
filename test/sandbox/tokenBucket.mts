/** A rate limit: a burst of requests at once, then some a second. */
export class TokenBucket {
	private tokens: number;
	private countedAt = Date.now();
	private readonly perSecond: number;
	private readonly burst: number;

	constructor(perSecond: number, burst: number) {
		this.perSecond = perSecond;
		this.burst = burst;
		this.tokens = burst;
	}

	/** Takes a token. @returns 0; or when there is none, the seconds until there is one */
	take(): number {
		const now = Date.now();
		this.tokens = Math.min(
			this.burst,
			this.tokens + ((now - this.countedAt) / 1000) * this.perSecond,
		);
		this.countedAt = now;
		if (this.tokens < 1) return (1 - this.tokens) / this.perSecond;
		this.tokens -= 1;
		return 0;
	}
}
