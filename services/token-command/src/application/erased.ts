/** Stands where the name of a person was, whose rows are gone. E-mail address and subject, which not everybody has, are null. */
export const erasedName = 'erased';
