/** Every change by a person that leaves an entry in the audit trail. */
export const AUDIT_ACTIONS = [
  "SKU_CREATED",
  "SKU_CHANGED",
  "SKU_RELEASED",
  "SKU_RETIRED",
  "SKU_MOVED",
  "SKU_COMPARED",
  "COUPONS_CREATED",
  "COUPON_DISABLED",
  "COUPON_ENABLED",
  "REFUND_REQUESTED",
  "REFUND_SENT",
  "REFUND_REFUSED",
  "REVIEW_RESOLVED",
  "REPLAY_REQUESTED",
  "RECONCILE_REQUESTED",
  "VERIFY_REQUESTED",
  "TENANT_CREATED",
  "TENANT_CHANGED",
  "TENANT_DISABLED",
  "TENANT_ENABLED",
  "USER_CREATED",
  "USER_CHANGED",
  "USER_DISABLED",
  "USER_ENABLED",
  "PASSWORD_LINK_CREATED",
  "PASSWORD_SET",
  "ADJUSTMENT_REQUESTED",
  "ADJUSTMENT_BOOKED",
  "ADJUSTMENT_REJECTED",
  "DEVICE_CREATED",
  "DEVICE_DISABLED",
  "DEVICE_ENABLED",
  "ACCOUNTING_CHANGED",
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** What a change was done to. */
export const AUDIT_SUBJECTS = [
  "SKU",
  "COUPON",
  "ORDER",
  "EVENT",
  "TASK",
  "TENANT",
  "USER",
  "ADJUSTMENT",
  "DEVICE",
] as const;

export type AuditSubject = (typeof AUDIT_SUBJECTS)[number];
