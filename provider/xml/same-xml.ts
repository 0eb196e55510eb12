// Whether two documents say the same, whatever their quotes and line ends.
import { readXml } from "./read-xml";
import { writeXml } from "./write-xml";

export const sameXml = (left: string, right: string): boolean => left === right || writeXml(readXml(left)) === writeXml(readXml(right));
