/** What the page uses of Preact and htm, for the type checker. */

export interface VNode {
  type: unknown;
}
export type Child = VNode | string | number | boolean | null | undefined | Child[];
export type Ref<T> = { current: T };
type Inputs = readonly unknown[];

export function html(strings: TemplateStringsArray, ...values: unknown[]): VNode;
export function h(type: unknown, props: object | null, ...children: Child[]): VNode;
export function render(node: Child, parent: Element): void;
export const Fragment: unknown;

export function useState<T>(initial: T | (() => T)): [T, (next: T | ((before: T) => T)) => void];
export function useReducer<S, A>(reduce: (state: S, action: A) => S, initial: S): [S, (a: A) => void];
export function useEffect(effect: () => void | (() => void), inputs?: Inputs): void;
export function useLayoutEffect(effect: () => void | (() => void), inputs?: Inputs): void;
export function useMemo<T>(make: () => T, inputs: Inputs): T;
export function useCallback<F>(callback: F, inputs: Inputs): F;
export function useRef<T>(initial: T): Ref<T>;
