package io.narthex.query.series;

/** What of a sample an instant selector gives. */
public enum SamplePart {
  /** Its value. */
  VALUE,
  /** Its timestamp. */
  TIME,
  /** Its start timestamp. */
  START_TIME
}
