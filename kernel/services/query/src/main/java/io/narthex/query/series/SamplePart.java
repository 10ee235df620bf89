package io.narthex.query.series;

/** Which part of a sample an instant selector returns. */
public enum SamplePart {
  /** Its value. */
  VALUE,
  /** Its timestamp. */
  TIME,
  /** Its start timestamp. */
  START_TIME
}
