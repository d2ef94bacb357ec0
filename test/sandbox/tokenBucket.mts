/** A rate limit: so many requests at once, then so many a second. */
export class TokenBucket {
	private tokens: number;
	private at = Date.now();
	private readonly perSecond: number;
	private readonly burst: number;

	constructor(perSecond: number, burst: number) {
		this.perSecond = perSecond;
		this.burst = burst;
		this.tokens = burst;
	}

	/** Takes one token; or the seconds until there is one, when there is none. */
	take(): number {
		const now = Date.now();
		this.tokens = Math.min(this.burst, this.tokens + ((now - this.at) / 1000) * this.perSecond);
		this.at = now;
		if (this.tokens < 1) return (1 - this.tokens) / this.perSecond;
		this.tokens -= 1;
		return 0;
	}
}
