/** Values of the variables of a dashboard. */
export * from './resolve';
