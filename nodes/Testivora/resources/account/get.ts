import type { IDataObject } from 'n8n-workflow';

import { request } from '../../../shared/api';
import { accountSchema } from '../../../shared/schemas';
import type { Operation } from '../operation';

export const get: Operation = {
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get account plan and usage',
		description:
			'Get the plan of the account, whether it includes the API, and how much of its limits is used',
	},
	fields: [],

	async execute(context, itemIndex) {
		return (await request(
			context,
			{ method: 'GET', path: '/v1/account', itemIndex },
			accountSchema,
		)) as IDataObject;
	},
};
