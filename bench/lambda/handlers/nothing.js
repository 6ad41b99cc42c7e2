'use strict';

exports.handler = async () => ({ value: 'nothing' });
