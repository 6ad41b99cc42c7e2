require('./tests').defineTests('file3');
