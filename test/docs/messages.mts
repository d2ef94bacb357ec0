import { globSync } from 'node:fs';
import { resolve } from 'node:path';

import ts from 'typescript';

/** Stands in a message for what differs from case to case: a field's label, an address, the API's own words. */
export const VARIES = '…';

/** Calls whose text a user sees, and which of their arguments that is. */
const SHOWN_BY_CALL: Record<string, number> = {
	inputError: 1,
	NodeOperationError: 1,
	refuse: 2,
};

/** Properties whose text a user sees, wherever an object literal has them. */
const SHOWN_BY_PROPERTY = ['message', 'errorMessage'];

/** What comes before the texts in these files, once they are shown. */
const SHOWN_AFTER = {
	'schemas.ts': `${VARIES} `,
	'answer.ts': 'Testivora sent an answer that could not be read: ',
	'api.ts': 'Testivora sent an answer that could not be read: ',
};

/** zod's checks that take what is wrong as their last argument. */
const ZOD_CHECKS = ['min', 'max', 'int', 'refine', 'regex'];

/**
 * Every message that the nodes and the credential can show or write into n8n's log at warn level, read from their sources.
 *
 * Texts are put together as the code does: constants, both branches of a condition, and whatever a function returns
 * take their places; anything else, and what may be absent, is {@link VARIES}.
 */
export function messagesInSources(): string[] {
	const files = globSync('nodes/**/*.ts').map((file) => resolve(file));
	const program = ts.createProgram(files, {
		target: ts.ScriptTarget.ES2022,
		module: ts.ModuleKind.CommonJS,
		skipLibCheck: true,
	});
	const texts = new Texts(program.getTypeChecker());
	const found = new Set<string>();
	for (const file of files) {
		const visit = (node: ts.Node): void => {
			for (const text of texts.shownAt(node)) found.add(text);
			ts.forEachChild(node, visit);
		};
		visit(program.getSourceFile(file)!);
	}
	// A message put together elsewhere, as with `${message}${where}`, has no words of its own here.
	return [...found].filter((text) => /[a-z]/i.test(text)).sort();
}

class Texts {
	private readonly checker: ts.TypeChecker;

	constructor(checker: ts.TypeChecker) {
		this.checker = checker;
	}

	/** The texts shown because of this very node. */
	shownAt(node: ts.Node): string[] {
		if (ts.isPropertyAssignment(node) && SHOWN_BY_PROPERTY.includes(nameOf(node.name)))
			return this.of(node.initializer).map(inPlace(node));
		if (ts.isShorthandPropertyAssignment(node) && SHOWN_BY_PROPERTY.includes(node.name.text)) {
			const named = this.checker.getShorthandAssignmentValueSymbol(node)?.valueDeclaration;
			return named && ts.isVariableDeclaration(named) && named.initializer
				? this.of(named.initializer).map(inPlace(node))
				: [];
		}
		if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return [];
		const { expression, arguments: given = [] } = node as ts.CallExpression;
		if (ts.isIdentifier(expression) && expression.text in SHOWN_BY_CALL) {
			const shown = given[SHOWN_BY_CALL[expression.text]];
			return shown ? this.of(shown) : [];
		}
		const on =
			ts.isPropertyAccessExpression(expression) || ts.isElementAccessExpression(expression)
				? expression
				: undefined;
		if (!on) return [];
		const isDebug = ts.isPropertyAccessExpression(on) && on.name.text === 'debug';
		if (/\blogger$/.test(on.expression.getText())) return isDebug ? [] : this.of(given[0]);
		const last = given.at(-1);
		const isCheck =
			ts.isPropertyAccessExpression(on) && ZOD_CHECKS.includes(on.name.text) && given.length > 0;
		if (!isCheck || !last || ts.isObjectLiteralExpression(last) || !isIn(node, 'schemas.ts'))
			return [];
		return this.of(last)
			.filter((text) => text !== VARIES)
			.map(inPlace(node));
	}

	/** Every text that an expression can be. */
	private of(expression: ts.Expression): string[] {
		if (ts.isStringLiteralLike(expression)) return [expression.text];
		if (ts.isParenthesizedExpression(expression) || ts.isAwaitExpression(expression))
			return this.of(expression.expression);
		if (ts.isIdentifier(expression) && expression.text === 'undefined') return [];
		if (ts.isConditionalExpression(expression))
			return union(this.of(expression.whenTrue), this.of(expression.whenFalse));
		if (ts.isTemplateExpression(expression)) {
			return expression.templateSpans.reduce<string[]>(
				(texts, span) => cross(texts, optional(this.of(span.expression)), [span.literal.text]),
				[expression.head.text],
			);
		}
		if (ts.isBinaryExpression(expression)) {
			const { operatorToken, left, right } = expression;
			if (operatorToken.kind === ts.SyntaxKind.PlusToken)
				return cross(this.of(left), this.of(right));
			if (operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken)
				return union(this.of(left), this.of(right));
		}
		if (ts.isElementAccessExpression(expression)) {
			const values = this.declarationOf(expression.expression);
			if (
				values &&
				ts.isVariableDeclaration(values) &&
				values.initializer &&
				ts.isObjectLiteralExpression(values.initializer)
			) {
				return union(
					...values.initializer.properties
						.filter(ts.isPropertyAssignment)
						.map(({ initializer }) => this.of(initializer)),
				);
			}
		}
		if (ts.isIdentifier(expression)) {
			const declared = this.declarationOf(expression);
			const isText =
				this.checker.getTypeAtLocation(expression).flags &
				(ts.TypeFlags.StringLike | ts.TypeFlags.Union);
			if (isText && declared && ts.isVariableDeclaration(declared) && declared.initializer)
				return this.of(declared.initializer);
		}
		if (ts.isCallExpression(expression)) {
			const called = this.declarationOf(expression.expression);
			if (called && ts.isFunctionDeclaration(called) && called.body)
				return this.returnedBy(called.body);
		}
		return [VARIES];
	}

	private returnedBy(body: ts.Block): string[] {
		const returned: string[][] = [];
		const visit = (node: ts.Node): void => {
			if (ts.isReturnStatement(node) && node.expression) returned.push(this.of(node.expression));
			if (!ts.isFunctionLike(node)) ts.forEachChild(node, visit);
		};
		visit(body);
		return union(...returned);
	}

	private declarationOf(expression: ts.Expression): ts.Declaration | undefined {
		const symbol = this.checker.getSymbolAtLocation(expression);
		const origin =
			symbol && symbol.flags & ts.SymbolFlags.Alias
				? this.checker.getAliasedSymbol(symbol)
				: symbol;
		return origin?.valueDeclaration;
	}
}

function nameOf(name: ts.PropertyName): string {
	return ts.isIdentifier(name) || ts.isStringLiteral(name) ? name.text : '';
}

function isIn(node: ts.Node, file: string): boolean {
	return node.getSourceFile().fileName.endsWith(`/${file}`);
}

/** A text as it is shown: some files hold only the second half of a message. */
function inPlace(node: ts.Node): (text: string) => string {
	const before = Object.entries(SHOWN_AFTER).find(([file]) => isIn(node, file))?.[1] ?? '';
	return (text) => before + text;
}

/** What may be nothing at all is told as one thing that varies. */
function optional(texts: string[]): string[] {
	return texts.includes('') ? [VARIES] : texts;
}

function union(...texts: string[][]): string[] {
	return [...new Set(texts.flat())];
}

function cross(...parts: string[][]): string[] {
	return parts.reduce(
		(texts, part) =>
			texts.flatMap((text) => part.map((next) => (text + next).replace(/…+/g, VARIES))),
		[''],
	);
}
