import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const open = (userFolder: string, readOnly: boolean) => new DatabaseSync(join(userFolder, '.n8n/database.sqlite'), { readOnly });

/** A workflow's static data as it is stored, for each node under `node:<name>`; read past n8n, so it may run or not. */
export function readStaticData(userFolder: string, workflowId: string): Record<string, any> {
  const database = open(userFolder, true);
  try {
    const row = database.prepare('SELECT staticData FROM workflow_entity WHERE id = ?').get(workflowId);
    return row?.staticData ? JSON.parse(String(row.staticData)) : {};
  } finally {
    database.close();
  }
}

/** Replaces a workflow's static data. Only while n8n is stopped: it would write over it. */
export function writeStaticData(userFolder: string, workflowId: string, data: Record<string, unknown>): void {
  const database = open(userFolder, false);
  try {
    database.prepare('UPDATE workflow_entity SET staticData = ? WHERE id = ?').run(JSON.stringify(data), workflowId);
  } finally {
    database.close();
  }
}
