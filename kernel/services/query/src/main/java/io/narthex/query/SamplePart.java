package io.narthex.query;

/** What of a sample an instant selector gives. */
enum SamplePart {
  /** Its value. */
  VALUE,
  /** Its timestamp. */
  TIME,
  /** Its start timestamp. */
  START_TIME
}
