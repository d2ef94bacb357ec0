import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, selectors } from 'playwright-core';
import type { Browser, Locator, Page } from 'playwright-core';

import { OWNER } from '../harness/n8n/client.mts';
import { eventually } from '../harness/wait.mts';

/** Chromium's switches: it reaches only this machine, and does no background work. */
const ARGUMENTS = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
	'--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
];

// The attribute by which n8n marks parts of its editor for tests.
selectors.setTestIdAttribute('data-test-id');

/** The window's default size in pixels. */
export const WINDOW = { width: 1440, height: 900 };

/** Milliseconds to wait for anything on the page: it costs time only where a scene fails, and a slow machine needs it. */
const PATIENCE = 150_000;

export type Theme = 'light' | 'dark';

/**
 * The path of the Chromium to start: the environment variable CHROMIUM, or else where Debian installs it.
 *
 * @throws Error with what to install when there is none
 */
export function findChromium(): string {
	const path = process.env.CHROMIUM ?? '/usr/bin/chromium';
	if (existsSync(path)) return path;
	throw new Error(
		`There is no Chromium at ${path}. Install it (Debian: "apt-get install chromium"), or set the environment variable CHROMIUM to the path of a Chromium or Chrome.`,
	);
}

/** n8n's editor in a headless Chromium, logged in as the harness's owner. */
export class Editor {
	readonly page: Page;
	private readonly browser: Browser;
	private readonly baseUrl: string;
	private readonly folder: string;

	private constructor(browser: Browser, page: Page, baseUrl: string, folder: string) {
		this.browser = browser;
		this.page = page;
		this.baseUrl = baseUrl;
		this.folder = folder;
	}

	/**
	 * Starts Chromium and logs in.
	 *
	 * @param baseUrl of n8n
	 * @param folder for pictures; created when missing
	 * @throws see {@link findChromium}
	 */
	static async open(baseUrl: string, folder: string): Promise<Editor> {
		await mkdir(folder, { recursive: true });
		const browser = await chromium.launch({
			executablePath: findChromium(),
			args: ARGUMENTS,
			timeout: PATIENCE,
		});
		try {
			const context = await browser.newContext({
				viewport: WINDOW,
				locale: 'en-US',
				reducedMotion: 'reduce',
			});
			context.setDefaultTimeout(PATIENCE);
			// To a new user, n8n explains pinning in a bubble that covers the output.
			await context.addInitScript(() => localStorage.setItem('N8N_PIN_DATA_DISCOVERY_NDV', 'true'));
			const editor = new Editor(browser, await context.newPage(), baseUrl, folder);
			// "Leave site?", which n8n asks when it has not saved yet.
			editor.page.on('dialog', (dialog) => void dialog.accept());
			await editor.signIn();
			return editor;
		} catch (error) {
			await browser.close();
			throw error;
		}
	}

	private async signIn(): Promise<void> {
		await this.page.goto(`${this.baseUrl}/signin`);
		await this.page.locator('input[name=emailOrLdapLoginId]').fill(OWNER.email);
		await this.page.locator('input[name=password]').fill(OWNER.password);
		await this.page.getByRole('button', { name: 'Sign in' }).click();
		await this.page.waitForURL((url) => !url.pathname.startsWith('/signin'));
	}

	/** Sets the theme of the pages that are opened from now on. */
	async theme(theme: Theme): Promise<void> {
		await this.page.evaluate((chosen) => localStorage.setItem('N8N_THEME', chosen), theme);
	}

	/** Opens a saved workflow and waits until a node is drawn. */
	async openWorkflow(id: string): Promise<void> {
		await this.page.goto(`${this.baseUrl}/workflow/${id}`);
		await this.page.getByTestId('canvas-node').first().waitFor();
	}

	/** A node of the open workflow, on the canvas. */
	node(name: string): Locator {
		return this.page.locator(`[data-test-id="canvas-node"][data-node-name="${name}"]`);
	}

	/** Opens the settings of a node of the open workflow. */
	async openNode(name: string): Promise<void> {
		await until(this.page.getByTestId('ndv'), 'visible', () =>
			this.node(name).dblclick({ timeout: 15_000 }),
		);
	}

	/** Closes the open node. */
	async closeNode(): Promise<void> {
		await until(this.page.getByTestId('ndv'), 'detached', () => this.page.keyboard.press('Escape'));
	}

	/**
	 * Takes a picture of the page, or of a part of it.
	 *
	 * @param name of the file, without its extension
	 * @returns the file's path
	 */
	async shot(name: string, part?: Locator): Promise<string> {
		const path = this.pathOf(name);
		await (part ?? this.page).screenshot({ path, animations: 'disabled' });
		return path;
	}

	/** The path of a picture. @param name of the file, without its extension */
	pathOf(name: string): string {
		return join(this.folder, `${name}.png`);
	}

	async close(): Promise<void> {
		await this.browser.close();
	}
}

/**
 * Acts until a part of the page is visible or gone. Acts again where nothing comes of it, because a page that is still loading ignores
 * keys and clicks.
 *
 * @param within milliseconds that the page gets before the next try
 */
export async function until(
	part: Locator,
	state: 'visible' | 'detached',
	act: () => Promise<void>,
	within = 15_000,
): Promise<void> {
	const isDone = async () =>
		state === 'visible' ? await part.isVisible() : (await part.count()) === 0;
	await eventually(
		async () => {
			if (await isDone()) return true;
			await act();
			await part.waitFor({ state, timeout: within });
			return true;
		},
		{ timeout: PATIENCE, every: 100, what: `${part} to be ${state}` },
	);
}
