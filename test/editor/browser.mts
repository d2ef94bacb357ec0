import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, selectors } from 'playwright-core';
import type { Browser, Locator, Page } from 'playwright-core';

import { OWNER } from '../e2e/harness/client.mts';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Nothing but this machine is reached, and nothing is done that a test does not need. */
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

// What n8n marks the parts of its editor with.
selectors.setTestIdAttribute('data-test-id');

export type Theme = 'light' | 'dark';

/** n8n's editor in a headless Chromium, logged in as the owner that the harness made. */
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
   * Starts Chromium (`CHROMIUM`, or Debian's) and logs in.
   *
   * @param baseUrl where n8n answers
   * @param folder where pictures go; made when missing
   * @throws Error saying what to install where there is no Chromium
   */
  static async open(baseUrl: string, folder: string): Promise<Editor> {
    if (!existsSync(CHROMIUM)) {
      throw new Error(
        `There is no Chromium at ${CHROMIUM}. Install it (Debian: "apt-get install chromium"), or set the environment variable CHROMIUM to the path of a Chromium or Chrome.`,
      );
    }
    await mkdir(folder, { recursive: true });
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
    try {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-US', reducedMotion: 'reduce' });
      context.setDefaultTimeout(20_000);
      const editor = new Editor(browser, await context.newPage(), baseUrl, folder);
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

  /** Shows pages in this theme from the next one that is opened. */
  async theme(theme: Theme): Promise<void> {
    await this.page.evaluate((chosen) => localStorage.setItem('N8N_THEME', chosen), theme);
  }

  /** Opens a saved workflow, and waits until its nodes are drawn. */
  async openWorkflow(id: string): Promise<void> {
    await this.page.goto(`${this.baseUrl}/workflow/${id}`);
    await this.page.getByTestId('canvas-node').first().waitFor();
  }

  /** Opens a node of the workflow that is open. */
  async openNode(name: string): Promise<void> {
    await this.page.locator(`[data-test-id="canvas-node"][data-node-name="${name}"]`).dblclick();
    await this.page.getByTestId('ndv').waitFor();
  }

  /** Closes the node that is open. */
  async closeNode(): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.page.getByTestId('ndv').waitFor({ state: 'detached' });
  }

  /**
   * Takes a picture of the page, or of a part of it.
   *
   * @param name of the file, without its ending
   * @returns the file's path
   */
  async shot(name: string, part?: Locator): Promise<string> {
    const path = join(this.folder, `${name}.png`);
    await (part ?? this.page).screenshot({ path, animations: 'disabled' });
    return path;
  }

  async close(): Promise<void> {
    await this.browser.close();
  }
}
