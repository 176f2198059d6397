/** What the API answers, as far as the page looks at it; offsets are in UTF-16 code units. */

export type Role = "reader" | "annotator" | "reviewer" | "manager";
export type Status = "pending" | "approved" | "rejected" | "changes_requested";
export type Verdict = "approve" | "reject" | "request_changes";
export type Counts = Record<Status, number>;

export interface Page<T> {
  items: T[];
  next: string | null;
}
export interface Me {
  id: string;
  name: string;
  display_name: string | null;
  is_admin: boolean;
  memberships: { project: string; role: Role }[];
}
export interface Project {
  slug: string;
  name: string;
  description: string | null;
  settings: { allow_self_review: boolean };
  scheme_version: number;
  version: number;
  created_at: string;
  updated_at: string;
}
export type AttributeType =
  | "string" | "string[]" | "enum" | "enum[]" | "boolean" | "integer" | "number" | "span";
export interface Attribute {
  name: string;
  type: AttributeType;
  values?: string[];
  required?: boolean;
  description?: string;
}
export interface Label {
  name: string;
  description?: string;
  color?: string;
  hotkey?: string;
  attributes: Attribute[];
}
export interface RelationType {
  name: string;
  description?: string;
  source: string[];
  target: string[];
  symmetric?: boolean;
}
export interface Scheme {
  name: string;
  version: number;
  labels: Label[];
  relations: RelationType[];
}
export interface DocumentItem {
  id: string;
  project: string;
  external_id: string | null;
  title: string;
  language: string | null;
  source_url: string | null;
  published_on: string | null;
  metadata: Record<string, unknown>;
  revision: number;
  sha256: string;
  length: { code_points: number; utf16: number; utf8: number };
  counts: Counts;
  version: number;
  etag: string;
  created_by: string;
  created_at: string;
  updated_at: string;
}
export interface TextDocument extends DocumentItem {
  text: string;
}
export interface Span {
  start: number;
  end: number;
  quote: string;
}
export type AttributeValue = string | string[] | number | boolean | Span;
export interface Annotation extends Span {
  id: string;
  project: string;
  document_id: string;
  revision: number;
  external_id: string | null;
  label: string;
  fragments: Span[] | null;
  attributes: Record<string, AttributeValue>;
  note: string | null;
  origin: "human" | "model" | "import";
  confidence: number | null;
  author: string;
  status: Status;
  decided_by: string | null;
  decided_at: string | null;
  version: number;
  created_at: string;
  updated_at: string;
  warnings: { code: string; pointer: string; detail: string; before: number; after: number }[];
}
export interface Relation {
  id: string;
  project: string;
  document_id: string;
  type: string;
  source: string;
  target: string;
  author: string;
  version: number;
  created_at: string;
}
export interface Decision {
  id: string;
  annotation: string;
  version: number;
  resulting_version: number;
  verdict: Verdict;
  status: Status;
  comment: string | null;
  reviewer: string;
  decided_at: string;
}
export interface Version extends Span {
  version: number;
  label: string;
  fragments: Span[] | null;
  attributes: Record<string, AttributeValue>;
  note: string | null;
  status: Status;
  edited_by: string;
  changed_by: string;
  changed_at: string;
  withdrawn: boolean;
}
export interface History {
  annotation: string;
  versions: Version[];
  decisions: Decision[];
}
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  current?: Annotation;
  errors?: { pointer?: string; parameter?: string; code: string; detail: string }[];
  [more: string]: unknown;
}
/** An entry of the log; `state` is null for what was withdrawn or deleted. */
export interface Change {
  sequence: number;
  kind: string;
  at: string;
  actor: string | null;
  subject: string;
  version: number;
  state: any;
}
export interface Member {
  name: string;
  role: Role;
  version: number;
  created_at: string;
  updated_at: string;
}
export interface Token {
  id: string;
  name: string;
  role: Role | null;
  project: string | null;
  version: number;
  created_at: string;
  expires_at: string | null;
}
export interface User {
  id: string;
  name: string;
  display_name: string | null;
  is_admin: boolean;
  is_active: boolean;
  version: number;
  created_at: string;
  updated_at: string;
}
export interface Release {
  name: string;
  description: string | null;
  filter: { label: string[]; status: Status[]; author: string[]; annotated: boolean };
  counts: { documents: number; annotations: number; relations: number };
  sha256: string;
  created_by: string;
  created_at: string;
}
export interface LossReport {
  format: string;
  documents: number;
  annotations: number;
  relations: number;
  losses: {
    kind: string;
    count: number;
    example: { document: string; subject: string; what: string };
  }[];
}
export interface Tally {
  documents: number;
  annotations: number;
  relations: number;
}
export interface Refusal {
  file?: string;
  line?: number;
  pointer?: string;
  code: string;
  detail: string;
}
export interface ImportReport {
  created: Tally;
  unchanged: Tally;
  refused: Tally;
  refusals: Refusal[];
}
/** What a new scheme would leave without a place, as a refusal counts it. */
export interface Orphan {
  kind: "annotation" | "relation";
  reason: string;
  count: number;
  examples: string[];
}
export type Verdicts = Record<Verdict, number>;
export interface Progress {
  documents: { total: number; without_annotations: number };
  labels: Record<string, Counts>;
  people: { name: string; created: number; edited: number; decided: Verdicts }[];
  days: { day: string; created: Record<string, number>; decided: Verdicts }[];
}
